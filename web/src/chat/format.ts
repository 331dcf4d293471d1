// Numbers as people read them.

const kUnits = ['B', 'KB', 'MB', 'GB', 'TB'] as const;

// Decimal units, as download sizes are given everywhere: 92_300_000 -> "92.3 MB".
export function formatBytes(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < kUnits.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return `${value.toFixed(digits)} ${kUnits[unit] ?? 'B'}`;
}

export function formatCount(count: number): string {
  return count.toLocaleString('en-US', { maximumFractionDigits: 0 });
}

// "1 token", "2 tokens".
export function formatQuantity(count: number, singular: string): string {
  return `${formatCount(count)} ${singular}${count === 1 ? '' : 's'}`;
}

export function formatSeconds(milliseconds: number): string {
  const seconds = milliseconds / 1000;
  if (seconds < 1) return `${Math.round(milliseconds)} ms`;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 60) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  return `${minutes} min ${Math.round(seconds - minutes * 60)} s`;
}

export function formatRate(tokensPerSecond: number): string {
  const digits = tokensPerSecond < 10 ? 1 : 0;
  return `${tokensPerSecond.toFixed(digits)} tokens/s`;
}

export function formatPercent(part: number, whole: number): string {
  if (whole <= 0) return '0 %';
  return `${Math.floor((Math.min(part, whole) / whole) * 100)} %`;
}

// The day of a conversation, as the list groups them.
export function formatAge(timeMs: number, nowMs: number): string {
  const days = Math.round((startOfDay(nowMs) - startOfDay(timeMs)) / 86_400_000);
  if (days <= 0) return 'Today';
  if (days === 1) return 'Yesterday';
  if (days < 7) return 'Last seven days';
  if (days < 30) return 'Last thirty days';
  return 'Older';
}

function startOfDay(timeMs: number): number {
  return new Date(timeMs).setHours(0, 0, 0, 0);
}
