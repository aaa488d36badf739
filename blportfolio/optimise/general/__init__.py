"""Conic programmes: answers for every other constraint, by solvers that are checked."""
