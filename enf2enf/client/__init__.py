"""Asks a server: NumPy arrays and meshes in, fields out."""

from enf2enf.client.client import Client
from enf2enf.client.replies import Description, Prediction, RemoteShape

__all__ = ["Client", "Description", "Prediction", "RemoteShape"]
