"""A directed acyclic graph on the integers 0..n-1, as arrays of parents, children and generation numbers."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Sequence


class Graph:
    """An immutable graph of parents and children.

        graph = Graph([(), (0,), (0,), (1, 2)])
        graph.up({1})          # {0, 1}
        graph.order({0, 1, 2, 3})   # [0, 1, 2, 3]

    ``generation[n]`` is 0 for a root, else one more than the highest of its parents. If `is_acyclic` is false, the
    rest is undefined: use `find_cycle`.
    """

    __slots__ = ("children", "generation", "is_acyclic", "parents")

    def __init__(self, parents: Sequence[tuple[int, ...]]) -> None:
        self.parents = tuple(parents)
        children: list[list[int]] = [[] for _ in self.parents]
        waiting = []
        for node, above in enumerate(self.parents):
            waiting.append(len(above))
            for parent in above:
                children[parent].append(node)
        self.children = tuple(map(tuple, children))
        self.generation = generation = array("l", bytes(array("l").itemsize * len(self.parents)))
        ready = [node for node, count in enumerate(waiting) if not count]
        for node in ready:
            level = generation[node] + 1
            for child in children[node]:
                if generation[child] < level:  # noqa: PLR1730 - max() takes three times as long
                    generation[child] = level
                waiting[child] -= 1
                if not waiting[child]:
                    ready.append(child)  # the list is the queue
        self.is_acyclic = len(ready) == len(self.parents)

    def up(self, nodes: Iterable[int]) -> set[int]:
        """Return the nodes and all their ancestors."""
        return _closure(nodes, self.parents)

    def down(self, nodes: Iterable[int], within: Collection[int] | None = None) -> set[int]:
        """Return the nodes and all their descendants; only those reached ``within`` a set, if one is given."""
        if within is None:
            return _closure(nodes, self.children)
        seen: set[int] = set()
        stack = [node for node in nodes if node in within]
        while stack:
            node = stack.pop()
            if node not in seen:
                seen.add(node)
                stack.extend(child for child in self.children[node] if child in within)
        return seen

    def line(self, node: int) -> set[int]:
        """Return the node, its descendants, and its ancestors up to the nearest branch point or merge point."""
        members = self.down({node})
        while len(above := self.parents[node]) == 1 and len(self.children[above[0]]) == 1:
            node = above[0]
            members.add(node)
        return members

    def order(self, nodes: Collection[int]) -> list[int]:
        """Return the nodes in topological order, each line of descent without interruption where possible.

        The time is linear in nodes and edges. Of equal candidates the lower number comes first, so that the order is
        always the same.
        """
        members = nodes if isinstance(nodes, set | frozenset | range) else set(nodes)
        if len(members) == len(self.parents):
            waiting = {node: len(above) for node, above in enumerate(self.parents)}
        else:
            waiting = {node: sum(parent in members for parent in self.parents[node]) for node in members}
        stack = sorted((node for node, count in waiting.items() if not count), reverse=True)
        ordered: list[int] = []
        while stack:
            node = stack.pop()
            ordered.append(node)
            for child in reversed(self.children[node]):
                if child in waiting:
                    waiting[child] -= 1
                    if not waiting[child]:
                        stack.append(child)
        return ordered

    def topmost(self, nodes: Collection[int]) -> set[int]:
        """Return the nodes that are not an ancestor of another one."""
        tops = set(nodes)
        if len(tops) < 2:
            return tops
        lowest = min(self.generation[node] for node in tops)
        covered: set[int] = set()
        stack = [parent for node in tops for parent in self.parents[node]]
        while stack:
            node = stack.pop()
            if node not in covered and self.generation[node] >= lowest:
                covered.add(node)
                stack.extend(self.parents[node])
        return tops - covered


def find_cycle(parents: Sequence[tuple[int, ...]]) -> list[int]:
    """Return the nodes of one cycle in order, empty if there is none."""
    state = [0] * len(parents)  # 0 not seen, 1 on the current path, 2 done
    for root in range(len(parents)):
        if state[root]:
            continue
        state[root], path, rest = 1, [root], [iter(parents[root])]
        while path:
            parent = next(rest[-1], None)
            if parent is None:
                state[path.pop()] = 2
                rest.pop()
            elif state[parent] == 1:
                return path[path.index(parent) :]
            elif not state[parent]:
                state[parent] = 1
                path.append(parent)
                rest.append(iter(parents[parent]))
    return []


def _closure(nodes: Iterable[int], edges: Sequence[tuple[int, ...]]) -> set[int]:
    seen = set(nodes)
    stack = list(seen)
    while stack:
        for neighbour in edges[stack.pop()]:
            if neighbour not in seen:
                seen.add(neighbour)
                stack.append(neighbour)
    return seen
