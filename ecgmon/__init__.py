"""A streaming, real-time monitor for wearable ECG: samples in, heartbeats, rhythms and alarms out.

What is named here is the public interface; everything below `ecgmon.monitor` may change between versions.

- `Pipeline` finds beats, rhythms, heart rate and signal quality in a stream of samples.
- `Stream` is a pipeline with alarms.
- `SampleBlock` holds samples with their place in time; plain arrays will do too.
- `read_record` reads a recording.
- What comes out is an `Event` of some kind: `Beat`, `RhythmChange`, `Alarm` …

>>> import ecgmon
>>> record = ecgmon.read_record("200")
>>> pipeline = ecgmon.Pipeline(fs_hz=record.fs_hz)
>>> events = pipeline.process(record.samples_mv(0, 3600)) + pipeline.finish()
"""

from __future__ import annotations

from ecgmon.monitor.core.version import __version__

# Type checkers take this name for true; to import it would cost more than all the rest of this file.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from ecgmon.monitor.alarms.settings import AlarmSettings
    from ecgmon.monitor.core.errors import EcgmonError, RecordError, SettingsError, SignalError
    from ecgmon.monitor.core.events import (
        Alarm,
        Beat,
        BeatRevision,
        Episode,
        Event,
        Gap,
        HeartRate,
        Quality,
        RhythmChange,
        SampleBlock,
        SettingsChange,
        SmallWaves,
        SourceStatus,
        to_json,
    )
    from ecgmon.monitor.pipeline.pipeline import Pipeline, PipelineSettings
    from ecgmon.monitor.run.stream import Stream
    from ecgmon.sim.record import Record, Reference, read_record

__all__ = [
    "Alarm",
    "AlarmSettings",
    "Beat",
    "BeatRevision",
    "EcgmonError",
    "Episode",
    "Event",
    "Gap",
    "HeartRate",
    "Pipeline",
    "PipelineSettings",
    "Quality",
    "Record",
    "RecordError",
    "Reference",
    "RhythmChange",
    "SampleBlock",
    "SettingsChange",
    "SettingsError",
    "SignalError",
    "SmallWaves",
    "SourceStatus",
    "Stream",
    "__version__",
    "read_record",
    "to_json",
]

_HOMES = {
    "monitor.alarms.settings": ("AlarmSettings",),
    "monitor.core.errors": ("EcgmonError", "RecordError", "SettingsError", "SignalError"),
    "monitor.core.events": (
        *("Alarm", "Beat", "BeatRevision", "Episode", "Event", "Gap", "HeartRate", "Quality"),
        *("RhythmChange", "SampleBlock", "SettingsChange", "SmallWaves", "SourceStatus", "to_json"),
    ),
    "monitor.pipeline.pipeline": ("Pipeline", "PipelineSettings"),
    "monitor.run.stream": ("Stream",),
    "sim.record": ("Record", "Reference", "read_record"),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


if not TYPE_CHECKING:  # who checks types shall see only the names above

    def __getattr__(name: str) -> object:
        """Import a name when it is first asked for: `import ecgmon` itself costs next to nothing."""
        if name not in _HOME:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module  # noqa: PLC0415 - only who asks for a name pays for it

        value: object = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
