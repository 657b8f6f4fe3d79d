"""Rows a second that rrcf (Bartos, Mullapudi and Troutman 2019, doi:10.21105/joss.01336) takes in and scores by codisp: prints a JSON object.

Trees of the last rows rather than samples: rrcf has no reservoir. Arguments: a file of float64 rows (row-major), columns, shingle, rows that
warm it up and are not counted, rows that are.
"""

import json
import sys
import time

import numpy as np
import rrcf

path, columns, shingle, first, counted = sys.argv[1], *map(int, sys.argv[2:6])
rows = np.fromfile(path).reshape(-1, columns)
trees = [rrcf.RCTree(random_state=seed) for seed in range(50)]
began = worked = 0.0
for row in range(shingle - 1, first + counted):
    if row == first:
        began, worked = time.perf_counter(), time.process_time()
    point = rows[row - shingle + 1 : row + 1].ravel()
    for tree in trees:
        if len(tree.leaves) >= 256:
            tree.forget_point(row - 256)
        tree.insert_point(point, index=row)
        tree.codisp(row)
print(
    json.dumps(
        {
            "rowsPerSecond": counted / (time.perf_counter() - began),
            "rowsPerCpuSecond": counted / (time.process_time() - worked),
        }
    )
)
