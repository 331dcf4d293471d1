// How far the model has come, in bytes; and when it does not come, why not and what to do.
import { adviceOnLoading, type WayOut } from '../errorAdvice.ts';
import { element, part } from '../element.ts';
import { formatBytes, formatPercent, formatSeconds } from '../format.ts';
import type { EngineHost, EngineState } from '../models/engineHost.ts';
import { testIds } from '../testIds.ts';
import { announce } from './announcer.ts';
import { createErrorCard } from './errorCard.ts';

export type LoadingState = Extract<EngineState, { type: 'loading' }>;

export function createLoadCard(host: EngineHost, onWayOut: (way: WayOut) => void): void {
  const card = part('load-card', HTMLElement);
  const title = element('p', { class: 'load-title' });
  const percent = element('span', { class: 'load-percent' });
  const bar = element('div', {
    class: 'bar',
    role: 'progressbar',
    'aria-label': 'Loading the model',
    'aria-valuemin': '0',
    'aria-valuemax': '100',
    testId: testIds.loadProgress,
  });
  const cached = element('span', { class: 'bar-part cached' });
  const arrived = element('span', { class: 'bar-part arrived' });
  bar.append(cached, arrived);
  const detail = element('p', { class: 'load-detail', testId: testIds.loadDetail });
  const head = element('div', { class: 'load-head' }, title, percent);

  const showLoading = (state: LoadingState) => {
    const { progress } = state;
    const total = progress?.totalBytes ?? 0;
    const loaded = progress?.loadedBytes ?? 0;
    title.textContent = `Loading ${state.model}`;
    percent.textContent = total > 0 ? formatPercent(loaded, total) : '';
    const fromCache = progress?.cachedBytes ?? 0;
    cached.style.width = share(fromCache, total);
    arrived.style.width = share(loaded - fromCache, total);
    bar.classList.toggle('indeterminate', total === 0);
    detail.textContent = describeProgress(state);
    if (total > 0) bar.setAttribute('aria-valuenow', String(Math.floor((loaded / total) * 100)));
    else bar.removeAttribute('aria-valuenow');
    bar.setAttribute('aria-valuetext', detail.textContent);
    if (bar.parentElement !== card) card.replaceChildren(head, bar, detail);
  };

  let spoken = '';
  const speak = (sentence: string) => {
    if (sentence !== spoken) announce(sentence);
    spoken = sentence;
  };

  host.state.subscribe((state) => {
    card.hidden = state.type === 'ready' || state.type === 'listing';
    if (state.type === 'loading') {
      showLoading(state);
      speak(`Loading ${state.model}.`);
    } else if (state.type === 'ready') {
      speak(`${state.model} is ready.`);
    } else if (state.type === 'failed') {
      spoken = '';
      const advice = adviceOnLoading(state.error, state.model);
      card.replaceChildren(createErrorCard(advice, testIds.loadError, onWayOut));
    }
  });
}

function share(part: number, whole: number): string {
  return whole > 0 ? `${((part / whole) * 100).toFixed(2)}%` : '0';
}

// "41.2 MB of 92.3 MB · 8.1 MB/s · about 6 s left · 12 MB from this browser’s cache".
export function describeProgress({ progress }: LoadingState): string {
  if (!progress) return 'Starting…';
  if (progress.notice !== null) return progress.notice;
  if (progress.totalBytes === 0) return 'Starting…';
  const { loadedBytes, totalBytes, cachedBytes, bytesPerSecond } = progress;
  const parts = [`${formatBytes(loadedBytes)} of ${formatBytes(totalBytes)}`];
  if (bytesPerSecond > 0) {
    parts.push(`${formatBytes(bytesPerSecond)}/s`);
    const secondsLeft = (totalBytes - loadedBytes) / bytesPerSecond;
    if (secondsLeft >= 1) parts.push(`about ${formatSeconds(Math.ceil(secondsLeft) * 1000)} left`);
  }
  if (cachedBytes > 0) parts.push(`${formatBytes(cachedBytes)} from this browser’s cache`);
  if (loadedBytes >= totalBytes) parts.push('preparing…');
  return parts.join(' · ');
}
