import type { Builder } from '@grafana/grafana-foundation-sdk/cog';
import { type AnnotationQuery, AnnotationQueryBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { FluxQuery, store } from './data-sources.ts';
import { incidentRegions, marks } from './flux.ts';

/** Incidents as coloured stretches over every chart of a board, and what people wrote beside them. */
export function regions(detector: string): Builder<AnnotationQuery>[] {
  return [region('Incidents', 'red', incidentRegions(detector), 'Incident'), region('Marks', 'blue', marks, 'Mark')];
}

function region(name: string, colour: string, query: string, refId: string): AnnotationQueryBuilder {
  return new AnnotationQueryBuilder().name(name).datasource(store('plant')).enable(true).hide(false).iconColor(colour).target(annotationQuery(query, refId));
}

/** Annotations of the standard model: the target is the query itself. */
function annotationQuery(query: string, refId: string): FluxQuery {
  return new FluxQuery(store('plant'), query, refId);
}
