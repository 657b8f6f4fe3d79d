/** Where the parts of a graph stand, and the way of its edges between them. In pixels from the upper left corner. */
export interface GraphLayout {
  readonly width: number;
  readonly height: number;
  /** Upper left corners by id. */
  readonly nodes: ReadonlyMap<string, { readonly x: number; readonly y: number }>;
  readonly edges: readonly { readonly from: string; readonly to: string; readonly points: readonly (readonly [number, number])[] }[];
}

export interface Edge {
  readonly from: string;
  readonly to: string;
}

export const box = { width: 148, height: 48 } as const;
const layerGap = 46;
const gap = 14;
/** Width that an edge takes in a layer that it only passes. */
const passing = 26;

interface Place {
  readonly id: string;
  readonly layer: number;
  readonly width: number;
  readonly before: Place[];
  readonly after: Place[];
  x: number;
}

/**
 * Layers from top to bottom: a part stands below all it gets rows from. Within a layer parts are ordered by the mean of their
 * neighbours, so that few edges cross (Sugiyama, Tagawa and Toda 1981), and edges over several layers have a place in each.
 */
export function layoutGraph(ids: readonly string[], given: readonly Edge[]): GraphLayout {
  const known = new Set(ids);
  const edges = given.filter(({ from, to }) => from !== to && known.has(from) && known.has(to));
  const layers = layersOf(ids, edges);
  const rows: Place[][] = [];
  const add = (id: string, layer: number, width: number): Place => {
    const place: Place = { id, layer, width, before: [], after: [], x: 0 };
    rows[layer] = [...(rows[layer] ?? []), place];
    return place;
  };
  const places = new Map(ids.map((id) => [id, add(id, layers.get(id)!, box.width)]));
  const ways = edges.map((edge) => {
    const way = [places.get(edge.from)!];
    for (let layer = way[0]!.layer + 1; layer < layers.get(edge.to)!; layer++) way.push(add(`${edge.from} ${edge.to}`, layer, passing));
    way.push(places.get(edge.to)!);
    // An edge that goes back, in a graph with a circle, is drawn but orders nothing.
    if (way.at(-1)!.layer > way[0]!.layer) {
      for (let step = 1; step < way.length; step++) {
        way[step - 1]!.after.push(way[step]!);
        way[step]!.before.push(way[step - 1]!);
      }
    }
    return { edge, way };
  });
  order(rows);
  const width = settle(rows);
  const y = (layer: number) => layer * (box.height + layerGap);
  return {
    width,
    height: rows.length === 0 ? 0 : y(rows.length - 1) + box.height,
    nodes: new Map([...places].map(([id, { layer, x }]) => [id, { x, y: y(layer) }])),
    edges: ways.map(({ edge, way }) => ({
      from: edge.from,
      to: edge.to,
      points: way.flatMap((place, step) => pointsOf(place, y(place.layer), step, way.length)),
    })),
  };
}

function pointsOf({ x, width }: Place, y: number, step: number, steps: number): (readonly [number, number])[] {
  const middle = x + width / 2;
  if (step === 0) return [[middle, y + box.height]];
  if (step === steps - 1) return [[middle, y]];
  return [
    [middle, y],
    [middle, y + box.height],
  ];
}

/** The longest way to each part, in edges. */
function layersOf(ids: readonly string[], edges: readonly Edge[]): Map<string, number> {
  const layers = new Map<string, number>();
  const visit = (id: string, way: ReadonlySet<string>): number => {
    const done = layers.get(id);
    if (done !== undefined) return done;
    const sources = edges.filter(({ to, from }) => to === id && !way.has(from));
    const layer = sources.length === 0 ? 0 : 1 + Math.max(...sources.map(({ from }) => visit(from, new Set([...way, id]))));
    layers.set(id, layer);
    return layer;
  };
  for (const id of ids) visit(id, new Set());
  return layers;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Sorts each layer by the mean place of its neighbours, downwards and upwards in turn. */
function order(rows: Place[][]): void {
  const rank = new Map<Place, number>();
  const number = (row: Place[]) => {
    row.forEach((place, index) => {
      rank.set(place, index / Math.max(1, row.length - 1));
    });
  };
  rows.forEach(number);
  for (let sweep = 0; sweep < 12; sweep++) {
    for (const row of sweep % 2 === 0 ? rows : rows.toReversed()) {
      const key = new Map(
        row.map((place) => {
          const near = sweep % 2 === 0 ? place.before : place.after;
          return [place, near.length === 0 ? rank.get(place)! : mean(near.map((other) => rank.get(other)!))];
        }),
      );
      row.sort((a, b) => key.get(a)! - key.get(b)!);
      number(row);
    }
  }
}

/** Moves parts towards their neighbours as far as their layer has room; the width of all. */
function settle(rows: Place[][]): number {
  for (const row of rows)
    spread(
      row,
      row.map((_, index) => index * (box.width + gap)),
    );
  for (let sweep = 0; sweep < 24; sweep++) {
    for (const row of sweep % 2 === 0 ? rows : rows.toReversed()) {
      const centre = (place: Place) => place.x + place.width / 2;
      const wanted = row.map((place) => {
        const near = [...place.before, ...place.after];
        return near.length === 0 ? place.x : mean(near.map(centre)) - place.width / 2;
      });
      spread(row, wanted);
    }
  }
  const all = rows.flat();
  const left = Math.min(...all.map(({ x }) => x));
  for (const place of all) place.x = Math.round(place.x - left);
  return Math.max(0, ...all.map(({ x, width }) => x + width));
}

/** Places of a layer as near to the wanted ones as the gaps allow: what would overlap becomes a block around its mean wish. */
function spread(row: readonly Place[], wanted: readonly number[]): void {
  const blocks: { places: Place[]; wishes: number[]; size: number; x: number }[] = [];
  row.forEach((place, index) => {
    let block = { places: [place], wishes: [wanted[index]!], size: place.width, x: wanted[index]! };
    for (let before = blocks.at(-1); before !== undefined && before.x + before.size + gap > block.x; before = blocks.at(-1)) {
      blocks.pop();
      const shift = before.size + gap;
      const wishes = [...before.wishes, ...block.wishes.map((wish) => wish - shift)];
      block = { places: [...before.places, ...block.places], wishes, size: shift + block.size, x: mean(wishes) };
    }
    blocks.push(block);
  });
  for (const { places, x } of blocks) {
    let next = x;
    for (const place of places) {
      place.x = next;
      next += place.width + gap;
    }
  }
}
