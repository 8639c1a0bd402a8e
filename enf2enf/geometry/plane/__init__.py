"""Boundaries of plane domains: polygons and the smooth curves that they stand for."""
