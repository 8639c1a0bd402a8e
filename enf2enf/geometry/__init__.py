"""The boundary of a domain, and the frames that it is seen in."""

from enf2enf.geometry.geometry import Geometry

__all__ = ["Geometry"]
