"""The field's vocabulary in one place: beat symbols, AAMI classes, names, and who trains and tests.

Symbols of beats and strings of rhythms are those of WFDB (the PhysioBank annotation codes). The
classes are those of ANSI/AAMI EC57:2012, table of heartbeat classes.
"""

from __future__ import annotations

from collections.abc import Mapping

AAMI_CLASSES = ("N", "S", "V", "F", "Q")
"""Classes of heartbeats: normal, supraventricular ectopic, ventricular ectopic, fusion, unknown."""

AAMI_OF_SYMBOL: Mapping[str, str] = {
    **dict.fromkeys(("N", "L", "R", "B", "e", "j", "n"), "N"),
    **dict.fromkeys(("A", "a", "J", "S"), "S"),
    **dict.fromkeys(("V", "E", "r"), "V"),
    "F": "F",
    **dict.fromkeys(("/", "f", "Q", "?"), "Q"),
}
"""AAMI class of each beat symbol; what is not in here is no beat.

``r``, the R-on-T premature beat, is ventricular. ``?`` is a beat that was not classified while
a program learned. ``!`` is a wave of ventricular flutter: no beat, see `FLUTTER_WAVE`.
"""

FLUTTER_WAVE = "!"
"""A wave of ventricular flutter. EC57 leaves it out of beat scores; an alarm may count it as ventricular."""

PACED_BEAT = "/"

BEAT_NAMES: Mapping[str, str] = {
    "N": "Normal",
    "L": "Left bundle branch block",
    "R": "Right bundle branch block",
    "B": "Bundle branch block",
    "A": "Atrial premature",
    "a": "Aberrated atrial premature",
    "J": "Junctional premature",
    "S": "Supraventricular",
    "e": "Atrial escape",
    "j": "Junctional escape",
    "n": "Supraventricular escape",
    "V": "Ventricular premature",
    "r": "R-on-T ventricular premature",
    "E": "Ventricular escape",
    "F": "Fusion",
    "/": "Paced",
    "f": "Fusion of paced and normal",
    "Q": "Not classified",
    "?": "Not classified during learning",
}
"""Plain name of each beat symbol."""

RHYTHM_NAMES: Mapping[str, str] = {
    "N": "Normal sinus rhythm",
    "AFIB": "Atrial fibrillation",
    "AFL": "Atrial flutter",
    "B": "Ventricular bigeminy",
    "T": "Ventricular trigeminy",
    "VT": "Ventricular tachycardia",
    "VFL": "Ventricular flutter or fibrillation",
    "VF": "Ventricular fibrillation",
    "VFIB": "Ventricular fibrillation",
    "SVTA": "Supraventricular tachyarrhythmia",
    "SBR": "Sinus bradycardia",
    "STACH": "Sinus tachycardia",
    "IVR": "Idioventricular rhythm",
    "NOD": "Nodal rhythm",
    "P": "Paced rhythm",
    "PREX": "Pre-excitation",
    "BII": "Second-degree heart block",
    "ASYS": "Asystole",
    "AB": "Atrial bigeminy",
    "NOISE": "Unknown: poor signal",
}
"""Plain name of each WFDB rhythm string, without its bracket."""


def _records(numbers: str) -> tuple[str, ...]:
    return tuple(numbers.split())


DS1 = _records("101 106 108 109 112 114 115 116 118 119 122 124 201 203 205 207 208 209 215 220 223 230")
"""Training records of MIT-BIH in the usual split by patient.

de Chazal et al. 2004, doi:10.1109/TBME.2004.827359.
"""

DS2 = _records("100 103 105 111 113 117 121 123 200 202 210 212 213 214 219 221 222 228 231 232 233 234")
"""Test records of the same split."""

DS1_WITHOUT_201 = tuple(record for record in DS1 if record != "201")
"""Training patients who are not tested: record 201 of `DS1` is of the same person as 202 of `DS2`."""

PACED = _records("102 104 107 217")
"""Records of MIT-BIH with paced beats, in neither side: EC57 leaves them out of beat classification."""

MITDB_SPLITS: Mapping[str, tuple[str, ...]] = {"ds1": DS1, "ds2": DS2, "paced": PACED}
"""The sides of the split by the names that the command line uses."""
