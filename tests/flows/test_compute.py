"""In which turns the steps of evidence are taken: two at a time hold memory, two large ones the most."""

from hypothesis import given
from hypothesis import strategies as st

from flows.compute import in_turns

# Files of evidence of a simulated Zhejiang by city.
SIZES = {
    "3301": 20, "3302": 14, "3303": 13, "3304": 8, "3305": 5, "3306": 8, "3307": 17, "3308": 3, "3309": 1,
    "3310": 9, "3311": 3, "loose": 0,
}  # fmt: skip


def most_at_once(sizes: dict[str, int], order: list[str]) -> int:
    """Two workers take the buckets in order, each busy for as long as its bucket is large."""
    until, most = [0, 0], 0
    held = [0, 0]
    for name in order:
        worker = until.index(min(until))
        began = until[worker]
        other = 1 - worker
        held[worker], until[worker] = sizes[name], began + sizes[name]
        most = max(most, sizes[name] + (held[other] if until[other] > began else 0))
    return most


def test_the_largest_cities_of_a_province_are_hardly_taken_together() -> None:
    assert most_at_once(SIZES, sorted(SIZES)) == 20 + 14
    # For a moment 金华, just begun, and 宁波, about to end.
    assert most_at_once(SIZES, in_turns(SIZES)) == 17 + 14
    assert in_turns(SIZES).index("3301") > in_turns(SIZES).index("3307") > in_turns(SIZES).index("3302")


@given(st.dictionaries(st.text(min_size=1, max_size=3), st.integers(0, 50), max_size=14))
def test_every_bucket_is_taken_once(sizes: dict[str, int]) -> None:
    assert sorted(in_turns(sizes)) == sorted(sizes)
