"""Models that the scoring tests serve, saved as a user's would be."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from modelyard import flavors


def iris(folder: Path) -> Path:
    """A pipeline trained on an array of four columns."""
    X, y = load_iris(return_X_y=True)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(X, y)
    flavors.save(model, folder, input_example=X[:2])
    return folder


def named(folder: Path) -> Path:
    """A pipeline trained on a DataFrame with a column of strings."""
    frame = pd.DataFrame({"size": [1.0, 2.0, 3.0, 4.0], "town": ["a", "b", "a", "b"]})
    encode = ColumnTransformer([("town", OneHotEncoder(), ["town"])], remainder="passthrough")
    model = make_pipeline(encode, LinearRegression()).fit(frame, [1.0, 12.0, 3.0, 14.0])
    flavors.save(model, folder, input_example=frame)
    return folder


class Nan:
    """Predicts what JSON has no number for."""

    def predict(self, X: np.ndarray) -> np.ndarray:
        return np.array([np.nan, np.inf, 1.5])[: len(X)]


class Broken:
    """Raises whatever it is given."""

    def predict(self, X: np.ndarray) -> np.ndarray:
        raise RuntimeError("no luck\ntoday")
