/** After the last test: every skipped test with its reason, and one line of counts. */
import type { FullResult, Reporter, Suite, TestCase } from '@playwright/test/reporter';

type Counts = Record<ReturnType<TestCase['outcome']>, number>;

function count(tests: TestCase[]): Counts {
  const counts: Counts = { expected: 0, unexpected: 0, flaky: 0, skipped: 0 };
  for (const test of tests) counts[test.outcome()]++;
  return counts;
}

function describe({ expected, unexpected, flaky, skipped }: Counts): string {
  return `${expected + flaky} passed, ${unexpected} failed, ${skipped} skipped`;
}

function skipReason(test: TestCase): string {
  const annotation = test.annotations.find(({ type }) => type === 'skip' || type === 'fixme');
  return annotation?.description ?? 'not run';
}

export default class SummaryReporter implements Reporter {
  #suite: Suite | undefined;

  onBegin(_config: unknown, suite: Suite): void {
    this.#suite = suite;
  }

  onEnd(result: FullResult): void {
    const projects = this.#suite?.suites ?? [];
    const tests = this.#suite?.allTests() ?? [];
    for (const test of tests) {
      if (test.outcome() !== 'skipped') continue;
      console.log(`skipped: ${test.titlePath().filter(Boolean).join(' › ')}: ${skipReason(test)}`);
    }
    for (const project of projects)
      console.log(`e2e ${project.title}: ${describe(count(project.allTests()))}`);
    const seconds = (result.duration / 1000).toFixed(0);
    console.log(`e2e: ${describe(count(tests))} (${seconds} s)`);
  }

  printsToStdio(): boolean {
    return false;
  }
}
