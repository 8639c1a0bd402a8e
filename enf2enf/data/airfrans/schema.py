"""What AirfRANS, and the problem in its flow conditions, say of a case."""

from enf2enf.schema import Integrals, Quantity, Schema

VISCOSITY = 1.56e-5
"""Of air, m2/s: that of the published metrics. The package's own class of a single case has 1.5498e-5, of 298.15 K."""

SCHEMA = Schema(
    2,
    (Quantity("inflow", "vector", "m/s"), Quantity("viscosity", unit="m2/s")),
    (
        Quantity("velocity", "vector", "m/s", scales_with=(("inflow", 1.0),), relative_to="inflow"),
        Quantity("pressure", unit="m2/s2", scales_with=(("inflow", 2.0),)),
        Quantity("nut", unit="m2/s", scales_with=(("viscosity", 1.0),), transform="log1p"),
        Quantity("wall_pressure", unit="m2/s2", scales_with=(("inflow", 2.0),), on="wall"),
        Quantity("wall_shear", "vector", "m2/s2", scales_with=(("inflow", 2.0),), on="wall"),
    ),
    outer_is_far=True,
    length=1.0,
    integrals=Integrals("wall_pressure", "inflow", "wall_shear", velocity="velocity", domain_pressure="pressure"),
)
"""Pressure and wall shear are over density, the pressure above that of the inflow; `wall_shear` is the traction of the
fluid on the wall without its pressure."""
