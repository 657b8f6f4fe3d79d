import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { box, layoutGraph } from './layout.ts';

const edge = (text: string) => {
  const [from, to] = text.split('>') as [string, string];
  return { from, to };
};

describe('the layout of a graph', () => {
  it('puts every part below all it gets rows from, and a chain in a line', () => {
    const { nodes, edges, width } = layoutGraph(['c', 'a', 'b'], ['a>b', 'b>c'].map(edge));
    expect([...nodes.values()].map(({ x }) => x)).toEqual([0, 0, 0]);
    expect(nodes.get('a')!.y).toBeLessThan(nodes.get('b')!.y);
    expect(nodes.get('b')!.y).toBeLessThan(nodes.get('c')!.y);
    expect(width).toBe(box.width);
    expect(edges[0]!.points).toEqual([
      [box.width / 2, box.height],
      [box.width / 2, nodes.get('b')!.y],
    ]);
  });

  it('uncrosses what need not cross', () => {
    const { nodes } = layoutGraph(['s', 'a', 'b', 'x', 'y'], ['s>a', 's>b', 'a>y', 'b>x'].map(edge));
    const isLeftOf = (one: string, other: string) => nodes.get(one)!.x < nodes.get(other)!.x;
    expect(isLeftOf('a', 'b')).toBe(isLeftOf('y', 'x'));
  });

  it('leads an edge over several layers past what stands in them', () => {
    const { nodes, edges } = layoutGraph(['a', 'b', 'c'], ['a>b', 'b>c', 'a>c'].map(edge));
    const long = edges.find(({ from, to }) => from === 'a' && to === 'c')!;
    expect(long.points).toHaveLength(4);
    const { x } = nodes.get('b')!;
    for (const [at] of long.points.slice(1, 3)) expect(at < x || at > x + box.width).toBe(true);
  });

  it('overlaps nothing, whatever the graph, and is there for circles and strangers too', () => {
    const ids = fc.integer({ min: 0, max: 9 }).map(String);
    fc.assert(
      fc.property(fc.uniqueArray(ids), fc.array(fc.record({ from: ids, to: ids }), { maxLength: 20 }), (nodes, edges) => {
        const layout = layoutGraph(nodes, edges);
        const boxes = [...layout.nodes.values()];
        expect(boxes).toHaveLength(nodes.length);
        for (const [index, a] of boxes.entries()) {
          expect(a.x + box.width).toBeLessThanOrEqual(layout.width);
          for (const b of boxes.slice(index + 1)) expect(a.y !== b.y || Math.abs(a.x - b.x) >= box.width).toBe(true);
        }
      }),
    );
  });
});
