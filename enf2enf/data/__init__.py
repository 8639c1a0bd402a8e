"""Data sets as folders that anyone can make, and packed for training."""

from enf2enf.data.cache import PackedData, pack
from enf2enf.data.dataset import Dataset
from enf2enf.data.manifest import write_manifest
from enf2enf.data.split import proportional

__all__ = ["Dataset", "PackedData", "pack", "proportional", "write_manifest"]
