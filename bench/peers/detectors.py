"""Rows a second of scikit-learn's detectors on rows that bench/detectors.ts wrote: prints a JSON object a detector.

    python -m venv bench/peers/.venv && bench/peers/.venv/bin/pip install -r bench/peers/requirements.txt

One thread. Arguments: a file of float64 rows (row-major, already scaled), columns, training rows, batch, rounds.
"""

import json
import sys
import time
import warnings

import numpy as np
import sklearn
from sklearn.cluster import KMeans
from sklearn.covariance import LedoitWolf
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import Ridge
from sklearn.neighbors import LocalOutlierFactor, NearestNeighbors
from sklearn.svm import OneClassSVM

warnings.filterwarnings("ignore")
path, columns, training, batch, rounds = sys.argv[1], *map(int, sys.argv[2:6])
rows = np.fromfile(path).reshape(-1, columns)
train, test = rows[:training], rows[training:]
# So many rows are enough to time one by one.
singles = 200


def pca(train):
    model = PCA(n_components=0.95, svd_solver="full").fit(train)
    inverse = 1 / model.explained_variance_

    def score(x):
        t = model.transform(x)
        return (t**2 * inverse).sum(1) + ((x - model.inverse_transform(t)) ** 2).sum(1)

    return score


def var(train, order=3):
    lagged = lambda x: np.hstack([x[order - 1 - l : len(x) - 1 - l] for l in range(order)])
    model = Ridge(alpha=1.0).fit(lagged(train), train[order:])
    scale = (train[order:] - model.predict(lagged(train))).std(0) + 1e-2
    state = {"last": train[-order:]}

    def score(x):
        y = np.vstack([state["last"], x])
        state["last"] = y[-order:]
        return (((x - model.predict(lagged(y))) / scale) ** 2).mean(1)

    return score


makers = {
    "k-means": lambda a: (lambda m: lambda x: m.transform(x).min(1))(KMeans(n_clusters=8, n_init=4, random_state=0).fit(a)),
    "mahalanobis": lambda a: LedoitWolf().fit(a).mahalanobis,
    "isolation-forest": lambda a: (lambda m: lambda x: -m.score_samples(x))(IsolationForest(n_estimators=100, max_samples=256, random_state=0, n_jobs=1).fit(a)),
    "lof": lambda a: (lambda m: lambda x: -m.score_samples(x))(LocalOutlierFactor(n_neighbors=20, novelty=True, n_jobs=1).fit(a)),
    "one-class-svm": lambda a: (lambda m: lambda x: -m.score_samples(x))(OneClassSVM(nu=0.01, gamma="scale").fit(a)),
    "k-nn": lambda a: (lambda m: lambda x: m.kneighbors(x, 1)[0][:, 0])(NearestNeighbors(n_neighbors=1, n_jobs=1).fit(a)),
    "pca-reconstruction": pca,
    "var": var,
}

for name, make in makers.items():
    fits, speeds = [], []
    for _ in range(rounds):
        began = time.perf_counter()
        score = make(train)
        fits.append(time.perf_counter() - began)
        began = time.perf_counter()
        for at in range(0, len(test), batch):
            score(test[at : at + batch])
        speeds.append(len(test) / (time.perf_counter() - began))
    began = time.perf_counter()
    for at in range(singles):
        score(test[at : at + 1])
    single = singles / (time.perf_counter() - began)
    result = {"detector": name, "fitMs": 1000 * float(np.median(fits)), "batchRowsPerSecond": float(np.median(speeds)), "singleRowsPerSecond": single}
    print(json.dumps({**result, "madeWith": f"scikit-learn {sklearn.__version__}, numpy {np.__version__}"}), flush=True)
