"""From a geometry to fields: the one bridge between NumPy in SI units and JAX in normalised numbers."""
