import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { box, layoutGraph } from './layout.ts';

const edge = (text: string) => {
  const [from, to] = text.split('>') as [string, string];
  return { from, to };
};

describe('the layout of a graph', () => {
  it('puts every part right of all it gets rows from, and a chain in a line', () => {
    const { nodes, edges, height } = layoutGraph(['c', 'a', 'b'], ['a>b', 'b>c'].map(edge));
    expect([...nodes.values()].map(({ y }) => y)).toEqual([0, 0, 0]);
    expect(nodes.get('a')!.x).toBeLessThan(nodes.get('b')!.x);
    expect(nodes.get('b')!.x).toBeLessThan(nodes.get('c')!.x);
    expect(height).toBe(box.height);
    expect(edges[0]!.points).toEqual([
      [box.width, box.height / 2],
      [nodes.get('b')!.x, box.height / 2],
    ]);
  });

  it('uncrosses what need not cross', () => {
    const { nodes } = layoutGraph(['s', 'a', 'b', 'x', 'y'], ['s>a', 's>b', 'a>y', 'b>x'].map(edge));
    const above = (one: string, other: string) => nodes.get(one)!.y < nodes.get(other)!.y;
    expect(above('a', 'b')).toBe(above('y', 'x'));
  });

  it('leads an edge over several columns past what stands in them', () => {
    const { nodes, edges } = layoutGraph(['a', 'b', 'c'], ['a>b', 'b>c', 'a>c'].map(edge));
    const long = edges.find(({ from, to }) => from === 'a' && to === 'c')!;
    expect(long.points).toHaveLength(4);
    const { y } = nodes.get('b')!;
    for (const [, at] of long.points.slice(1, 3)) expect(at < y || at > y + box.height).toBe(true);
  });

  it('overlaps nothing, whatever the graph, and is there for circles and strangers too', () => {
    const ids = fc.integer({ min: 0, max: 9 }).map(String);
    fc.assert(
      fc.property(fc.uniqueArray(ids), fc.array(fc.record({ from: ids, to: ids }), { maxLength: 20 }), (nodes, edges) => {
        const layout = layoutGraph(nodes, edges);
        const boxes = [...layout.nodes.values()];
        expect(boxes).toHaveLength(nodes.length);
        for (const [index, a] of boxes.entries()) {
          expect(a.y + box.height).toBeLessThanOrEqual(layout.height);
          for (const b of boxes.slice(index + 1)) expect(a.x !== b.x || Math.abs(a.y - b.y) >= box.height).toBe(true);
        }
      }),
    );
  });
});
