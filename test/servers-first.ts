import { BaseSequencer, type TestSpecification } from 'vitest/node';

const folders = ['test/stack/', 'test/compose/', 'test/boards/', 'test/e2e/', 'test/'];

/** The files that take longest come first, so that all workers end at the same time. */
export class ServersFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => [...folders, ''].findIndex((folder) => moduleId.includes(`/${folder}`));
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}
