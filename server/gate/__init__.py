"""The front: listens, knows callers, admits their calls, and turns failures into statuses. Above all other rooms."""
