"""Plane Stokes flow through a channel with bumps, from its inlet to its outlet between two walls."""
