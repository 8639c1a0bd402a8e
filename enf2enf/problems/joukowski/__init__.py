"""Plane potential flow around Karman-Trefftz aerofoils and circles, in closed form."""
