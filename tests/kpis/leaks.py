"""Finds out whether what was published tells of few answers: by linear algebra over everything that anybody could collect."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

_PRIME = 2**61 - 1

Row = Mapping[int, int]  # a published figure: how often each answer, in which version, is in it


def leak(rows: Iterable[Row], threshold: int) -> list[int] | None:
    """Fewer than `threshold` answers of which some combination of the rows tells alone; None if there are none.

    An answer that was edited is two: what it was and what it is. Answers that are in the same rows can only be told together:
    they are one group, and one column of a matrix. A combination that concerns some groups alone is a vector of the rows'
    space that is zero elsewhere.
    """
    different = sorted({tuple(sorted(row.items())) for row in rows})
    columns: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for number, row in enumerate(different):
        for version, n in row:
            columns[version].append((number, n))
    groups: dict[tuple[tuple[int, int], ...], list[int]] = defaultdict(list)
    for version, column in columns.items():
        groups[tuple(column)].append(version)
    matrix = [[0] * len(groups) for _ in different]
    for place, column_of in enumerate(groups):
        for number, n in column_of:
            matrix[number][place] = n
    members = [sorted(versions) for versions in groups.values()]
    sizes = [len(versions) for versions in members]
    small = [place for place, size in enumerate(sizes) if size < threshold]
    if not small:
        return None
    null = _null_space(matrix, len(groups))
    for chosen in _sets(small, sizes, threshold):
        if _rank([[vector[place] for place in chosen] for vector in null]) < len(chosen):
            return [version for place in chosen for version in members[place]]
    return None


def _sets(
    small: Sequence[int], sizes: Sequence[int], threshold: int, chosen: tuple[int, ...] = ()
) -> Iterator[tuple[int, ...]]:
    """All sets of groups that hold fewer answers than the threshold together."""
    for at, place in enumerate(small):
        some = (*chosen, place)
        if sum(sizes[each] for each in some) < threshold:
            yield some
            yield from _sets(small[at + 1 :], sizes, threshold, some)


def _reduced(matrix: Sequence[Sequence[int]], width: int) -> tuple[list[list[int]], list[int]]:
    """The reduced form, and the columns of its leading ones."""
    rows = [[value % _PRIME for value in row] for row in matrix]
    leading: list[int] = []
    for column in range(width):
        at = next((i for i in range(len(leading), len(rows)) if rows[i][column]), None)
        if at is None:
            continue
        top = len(leading)
        rows[top], rows[at] = rows[at], rows[top]
        inverse = pow(rows[top][column], -1, _PRIME)
        rows[top] = [value * inverse % _PRIME for value in rows[top]]
        for i, row in enumerate(rows):
            if i != top and (factor := row[column]):
                rows[i] = [(a - factor * b) % _PRIME for a, b in zip(row, rows[top], strict=True)]
        leading.append(column)
    return rows[: len(leading)], leading


def _null_space(matrix: Sequence[Sequence[int]], width: int) -> list[list[int]]:
    rows, leading = _reduced(matrix, width)
    basis = []
    for free in sorted(set(range(width)) - set(leading)):
        vector = [0] * width
        vector[free] = 1
        for row, column in zip(rows, leading, strict=True):
            vector[column] = -row[free] % _PRIME
        basis.append(vector)
    return basis


def _rank(matrix: Sequence[Sequence[int]]) -> int:
    return len(_reduced(matrix, len(matrix[0]) if matrix else 0)[1])
