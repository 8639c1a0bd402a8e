"""Asks a server: NumPy arrays and meshes in, fields out."""

from enf2enf.client.aio import AsyncClient
from enf2enf.client.client import Client
from enf2enf.client.replies import ModelVersion, RemoteShape
from enf2enf.client.retry import Retry
from enf2enf.description import Description
from enf2enf.prediction import Prediction

__all__ = ["AsyncClient", "Client", "Description", "ModelVersion", "Prediction", "RemoteShape", "Retry"]
