"""Plane potential flow around a main element and the slotted flap behind it, by panels."""
