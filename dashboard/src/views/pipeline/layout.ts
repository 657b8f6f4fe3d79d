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

export const box = { width: 164, height: 48 } as const;
const columnGap = 92;
const rowGap = 16;
/** Height that an edge takes in a column that it only passes. */
const passing = 18;

interface Place {
  readonly id: string;
  readonly layer: number;
  readonly height: number;
  readonly before: Place[];
  readonly after: Place[];
  y: number;
}

/**
 * Columns from left to right: a part stands right of all it gets rows from. Within a column parts are ordered by the mean of their
 * neighbours, so that few edges cross (Sugiyama, Tagawa and Toda 1981), and edges over several columns have a place in each.
 */
export function layoutGraph(ids: readonly string[], given: readonly Edge[]): GraphLayout {
  const known = new Set(ids);
  const edges = given.filter(({ from, to }) => from !== to && known.has(from) && known.has(to));
  const layers = layersOf(ids, edges);
  const columns: Place[][] = [];
  const add = (id: string, layer: number, height: number): Place => {
    const place: Place = { id, layer, height, before: [], after: [], y: 0 };
    columns[layer] = [...(columns[layer] ?? []), place];
    return place;
  };
  const places = new Map(ids.map((id) => [id, add(id, layers.get(id)!, box.height)]));
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
  order(columns);
  const height = settle(columns);
  const x = (layer: number) => layer * (box.width + columnGap);
  return {
    width: columns.length === 0 ? 0 : x(columns.length - 1) + box.width,
    height,
    nodes: new Map([...places].map(([id, { layer, y }]) => [id, { x: x(layer), y }])),
    edges: ways.map(({ edge, way }) => ({
      from: edge.from,
      to: edge.to,
      points: way.flatMap((place, step) => pointsOf(place, x(place.layer), step, way.length)),
    })),
  };
}

function pointsOf({ y, height }: Place, x: number, step: number, steps: number): (readonly [number, number])[] {
  const middle = y + height / 2;
  if (step === 0) return [[x + box.width, middle]];
  if (step === steps - 1) return [[x, middle]];
  return [
    [x, middle],
    [x + box.width, middle],
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

/** Sorts each column by the mean place of its neighbours, to the right and to the left in turn. */
function order(columns: Place[][]): void {
  const rank = new Map<Place, number>();
  const number = (column: Place[]) => {
    column.forEach((place, index) => {
      rank.set(place, index / Math.max(1, column.length - 1));
    });
  };
  columns.forEach(number);
  for (let sweep = 0; sweep < 12; sweep++) {
    for (const column of sweep % 2 === 0 ? columns : columns.toReversed()) {
      const key = new Map(
        column.map((place) => {
          const near = sweep % 2 === 0 ? place.before : place.after;
          return [place, near.length === 0 ? rank.get(place)! : mean(near.map((other) => rank.get(other)!))];
        }),
      );
      column.sort((a, b) => key.get(a)! - key.get(b)!);
      number(column);
    }
  }
}

/** Moves parts towards their neighbours as far as their column has room; the height of all. */
function settle(columns: Place[][]): number {
  for (const column of columns)
    spread(
      column,
      column.map((_, index) => index * (box.height + rowGap)),
    );
  for (let sweep = 0; sweep < 24; sweep++) {
    for (const column of sweep % 2 === 0 ? columns : columns.toReversed()) {
      const centre = (place: Place) => place.y + place.height / 2;
      const wanted = column.map((place) => {
        const near = [...place.before, ...place.after];
        return near.length === 0 ? place.y : mean(near.map(centre)) - place.height / 2;
      });
      spread(column, wanted);
    }
  }
  const all = columns.flat();
  const top = Math.min(...all.map(({ y }) => y));
  for (const place of all) place.y = Math.round(place.y - top);
  return Math.max(0, ...all.map(({ y, height }) => y + height));
}

/** Places of a column as near to the wanted ones as the gaps allow: what would overlap becomes a block around its mean wish. */
function spread(column: readonly Place[], wanted: readonly number[]): void {
  const blocks: { places: Place[]; wishes: number[]; size: number; y: number }[] = [];
  column.forEach((place, index) => {
    let block = { places: [place], wishes: [wanted[index]!], size: place.height, y: wanted[index]! };
    for (let above = blocks.at(-1); above !== undefined && above.y + above.size + rowGap > block.y; above = blocks.at(-1)) {
      blocks.pop();
      const shift = above.size + rowGap;
      const wishes = [...above.wishes, ...block.wishes.map((wish) => wish - shift)];
      block = { places: [...above.places, ...block.places], wishes, size: shift + block.size, y: mean(wishes) };
    }
    blocks.push(block);
  });
  for (const { places, y } of blocks) {
    let next = y;
    for (const place of places) {
      place.y = next;
      next += place.height + rowGap;
    }
  }
}
