// Written by `npm run generate` from the folders; do not edit.
import type { ComponentIndex } from '../core/registry.ts';

export const components: ComponentIndex = {
  source: {
    csv: () => import('../producer/sources/csv.ts'),
    jsonl: () => import('../producer/sources/jsonl.ts'),
    plant: () => import('../producer/sources/plant.ts'),
    simulator: () => import('../producer/sources/simulator.ts'),
    xlsx: () => import('../producer/sources/xlsx.ts'),
  },
  step: {
    clean: () => import('../processor/preprocess/clean.ts'),
    'drop-constant': () => import('../processor/preprocess/drop-constant.ts'),
    impute: () => import('../processor/preprocess/impute.ts'),
    pca: () => import('../processor/preprocess/pca.ts'),
    smooth: () => import('../processor/preprocess/smooth.ts'),
    standardise: () => import('../processor/preprocess/standardise.ts'),
  },
  detector: {
    'constant-broken': () => import('../processor/detectors/constant-broken.ts'),
    dbscan: () => import('../processor/detectors/dbscan.ts'),
    'isolation-forest': () => import('../processor/detectors/isolation-forest.ts'),
    'isolation-logistic': () => import('../processor/detectors/isolation-logistic.ts'),
    'k-means': () => import('../processor/detectors/k-means.ts'),
    'k-nn': () => import('../processor/detectors/k-nn.ts'),
    lof: () => import('../processor/detectors/lof.ts'),
    mahalanobis: () => import('../processor/detectors/mahalanobis.ts'),
    'one-class-svm': () => import('../processor/detectors/one-class-svm.ts'),
    'pca-reconstruction': () => import('../processor/detectors/pca-reconstruction.ts'),
    'random-cut-forest': () => import('../processor/detectors/random-cut-forest.ts'),
    var: () => import('../processor/detectors/var.ts'),
  },
  threshold: {
    fixed: () => import('../processor/thresholds/fixed.ts'),
    pot: () => import('../processor/thresholds/pot.ts'),
    quantile: () => import('../processor/thresholds/quantile.ts'),
  },
  combiner: {
    all: () => import('../processor/combine/all.ts'),
    any: () => import('../processor/combine/any.ts'),
    fuse: () => import('../processor/combine/fuse.ts'),
    vote: () => import('../processor/combine/vote.ts'),
  },
  output: {
    email: () => import('../connectors/email/output.ts'),
    kafka: () => import('../connectors/kafka/output.ts'),
    terminal: () => import('../connectors/terminal/output.ts'),
    webhook: () => import('../connectors/webhook/output.ts'),
  },
  bus: {
    kafka: () => import('../connectors/kafka/bus.ts'),
    memory: () => import('../connectors/memory/bus.ts'),
  },
  store: {
    duckdb: () => import('../connectors/duckdb/store.ts'),
    influxdb: () => import('../connectors/influxdb/store.ts'),
  },
};
