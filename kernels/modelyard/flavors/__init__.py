"""Models as directories: MLflow's layout, written and read without MLflow.

save(model, directory)       a live object -> a model directory
wrap(file, directory)        a pickle that exists -> what describes it
describe(directory)          what the server knows of a model; unpickles nothing
load(directory)              a model directory -> the live object
"""

from modelyard.flavors.description import FLAVORS, ModelDescription, describe
from modelyard.flavors.load import load
from modelyard.flavors.packages import checked_requirements
from modelyard.flavors.save import save, wrap

__all__ = [
    "FLAVORS",
    "ModelDescription",
    "checked_requirements",
    "describe",
    "load",
    "save",
    "wrap",
]
