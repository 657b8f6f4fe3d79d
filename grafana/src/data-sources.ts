import type { Dataquery } from '@grafana/grafana-foundation-sdk/cog';
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';
import { DatasourceVariableBuilder, VariableHide } from '@grafana/grafana-foundation-sdk/dashboard';

/** What Grafana reads: the plant's bucket, and that of the machines and processes. */
export type StoreName = 'plant' | 'monitoring';

/** Both are provisioned under these names; alert rules, which know no variables, name them. */
export const dataSources = {
  plant: { uid: 'sluice-plant', name: 'Sluice plant', bucket: '$INFLUX_BUCKET', label: 'Plant' },
  monitoring: { uid: 'sluice-monitoring', name: 'Sluice monitoring', bucket: '$INFLUX_MONITORING_BUCKET', label: 'Monitoring' },
} as const;

/** Panels find a store by the board's variable, so that a board can be turned to another InfluxDB. */
export const store = (name: StoreName): DataSourceRef => ({ type: 'influxdb', uid: `\${${name}}` });

export function dataSourceVariable(name: StoreName): DatasourceVariableBuilder {
  const { name: text, uid, label } = dataSources[name];
  return new DatasourceVariableBuilder(name)
    .label(`${label} store`)
    .description(`Where InfluxDB keeps ${name === 'plant' ? 'rows, verdicts and incidents' : 'what Telegraf collects'}.`)
    .type('influxdb')
    .regex(`/${text}/`)
    .current({ text, value: uid })
    .hide(VariableHide.HideVariable);
}

/** A Flux query as Grafana's InfluxDB data source takes it. */
export class FluxQuery {
  readonly #query: { refId: string; datasource: DataSourceRef; query: string };

  constructor(store: DataSourceRef, query: string, refId = 'A') {
    this.#query = { refId, datasource: store, query };
  }

  build(): Dataquery {
    return { ...this.#query, _implementsDataqueryVariant: () => {} } as Dataquery;
  }
}

/** data source provisioning: the token is the one that may only read. */
export function dataSourceFile(): object {
  return {
    apiVersion: 1,
    prune: true,
    datasources: Object.values(dataSources).map(({ uid, name, bucket }) => ({
      uid,
      name,
      type: 'influxdb',
      access: 'proxy',
      url: '$INFLUX_URL',
      isDefault: uid === dataSources.plant.uid,
      editable: false,
      jsonData: { version: 'Flux', organization: '$INFLUX_ORG', defaultBucket: bucket, tlsSkipVerify: false, timeout: 60 },
      secureJsonData: { token: '$INFLUX_READER_TOKEN' },
    })),
  };
}
