"""Asks a server: NumPy arrays and meshes in, fields out."""

from enf2enf.client.aio import AsyncClient
from enf2enf.client.client import Client
from enf2enf.client.replies import Description, ModelVersion, Prediction, RemoteShape
from enf2enf.client.retry import Retry

__all__ = ["AsyncClient", "Client", "Description", "ModelVersion", "Prediction", "RemoteShape", "Retry"]
