"""Cross-validation never tests a patient that it trained on, whatever the records are."""

from hypothesis import given
from hypothesis import strategies as st

from ecgmon.models.adaptive.patients import SVDB, SVDB_HELD_OUT, training_records
from ecgmon.models.common.folds import Fold, deal, patient, side_by_side
from ecgmon.models.rpeak.patients import DS2_AND_PACED, FOLDS, SHIPPED_TRAINING, fold_records
from ecgmon.models.vf.patients import VFDB, vfdb_folds
from ecgmon.monitor.core.ecg_codes import DS1

NAMES = st.lists(st.sampled_from([str(number) for number in range(100, 240)]), unique=True, max_size=60)
COUNTS = st.integers(1, 9)


@given(NAMES, COUNTS)
def test_each_record_is_tested_once_and_trained_on_in_all_other_folds(names, count):
    folds = deal(names, count)
    assert len(folds) == count
    assert sorted(name for fold in folds for name in fold.test) == sorted(names)
    for fold in folds:
        assert sorted((*fold.train, *fold.test)) == sorted(names)


@given(NAMES, COUNTS)
def test_no_patient_is_on_both_sides_of_a_fold(names, count):
    for fold in deal(names, count):
        assert not {patient(name) for name in fold.train} & {patient(name) for name in fold.test}


@given(NAMES, COUNTS, st.integers(2, 5))
def test_several_records_of_one_person_stay_together(names, count, persons):
    def person(name: str) -> str:
        return str(int(name) % persons)

    for fold in deal(names, count, person):
        assert not {person(name) for name in fold.train} & {person(name) for name in fold.test}


@given(NAMES, COUNTS)
def test_folds_differ_in_size_by_one_patient_at_most(names, count):
    sizes = [len({patient(name) for name in fold.test}) for fold in deal(names, count)]
    assert max(sizes) - min(sizes) <= 1


def test_records_201_and_202_are_one_person_with_and_without_their_database():
    assert patient("202") == patient("201") == "201"
    assert patient("mitdb/202") == patient("mitdb/201")
    assert patient("svdb/802") != patient("svdb/801")
    for fold in deal(["mitdb/200", "mitdb/201", "mitdb/202", "mitdb/203"], 3):
        assert len({"mitdb/201", "mitdb/202"} & set(fold.test)) != 1


def test_records_are_dealt_in_turn_in_their_order():
    assert [fold.test for fold in deal(list("abcde"), 2)] == [("a", "c", "e"), ("b", "d")]


def test_groups_side_by_side_give_each_fold_a_part_of_every_group():
    first, second = ("a", "c", "x", "z"), ("b", "d", "y")
    joined = side_by_side(deal(list("abcd"), 2), deal(list("xyz"), 2))
    assert joined == [Fold(second, first), Fold(first, second)]


def test_the_folds_of_rpeak_are_those_that_its_shipped_scores_name():
    svdb = [f"svdb/{number}" for number in range(800, 865)]
    folds = [fold_records(number, svdb) for number in range(FOLDS)]
    assert sorted(name for fold in folds for name in fold.test if name.startswith("svdb")) == svdb
    assert len({name for fold in folds for name in fold.test}) == 48 + 65
    assert {"mitdb/100", "svdb/800"} <= set(folds[0].test)
    assert not {patient(name) for name in SHIPPED_TRAINING} & {patient(name) for name in DS2_AND_PACED}


def test_every_fold_of_vf_tests_one_who_fibrillates_and_trains_on_the_others():
    folds = vfdb_folds()
    assert folds[0].test == ("vfdb/418", "vfdb/420", "vfdb/607")
    for fold in folds:
        assert len(fold.train) + len(fold.test) == len(VFDB)


def test_the_folds_of_the_adaptive_model_leave_test_patients_out():
    trained = {"/".join(pair) for pair in training_records()}
    held_out = [f"svdb/{name}" for name in SVDB if name not in SVDB_HELD_OUT]
    mitdb = [f"mitdb/{name}" for name in DS1 if name != "201"]
    for fold in side_by_side(deal(mitdb, 4), deal(held_out, 4)):
        assert not {f"svdb/{name}" for name in SVDB_HELD_OUT} & {*fold.train, *fold.test}
        assert set(fold.test) - {"svdb/867"} <= trained
