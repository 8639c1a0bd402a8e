"""A repository of a folder that a test fills, whose models are prepared when they may be."""

import threading

from enf2enf_server.compute.models import Models
from enf2enf_server.compute.repository import Repository


class Held:
    """A repository of a folder, whose models are prepared when they may be."""

    def __init__(self, folder, seconds=60.0):
        self.folder, self.models, self.held, self.waiting = folder, Models(), set(), threading.Event()
        self.go_on = threading.Event()
        self.repository = Repository(folder, self.models, self.prepare, lambda: None, seconds)

    def prepare(self, model):
        if (model.name, model.version) in self.held:
            self.waiting.set()
            self.go_on.wait(60)

    def put(self, good, name):
        (self.folder / name).parent.mkdir(exist_ok=True)
        (self.folder / name).hardlink_to(good)

    def look(self):
        self.repository.look()
        self.repository.look()

    @property
    def serving(self):
        return [(model.name, model.version) for model in self.models.loaded()]

    @property
    def states(self):
        return {key: version.state for key, version in self.repository.versions().items()}

    def reason(self, *key):
        return self.repository.versions()[key].reason
