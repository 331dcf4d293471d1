/** Draws groups of horizontal bars as SVG: a median, and a line from the least to the most. */
export interface Bar {
  label: string;
  values: number[];
  median: number;
  isOurs: boolean;
}

export interface BarGroup {
  title: string;
  bars: Bar[];
}

const labelWidth = 200;
const barWidth = 420;
const width = labelWidth + barWidth + 90;
const barHeight = 18;
const groupHeight = 34;

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

function drawBar({ label, values, median, isOurs }: Bar, scale: number, y: number): string {
  const length = (value: number) => (labelWidth + value * scale).toFixed(1);
  const middle = y + barHeight / 2 - 2;
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return [
    `<text x="${labelWidth - 8}" y="${y + 12}" text-anchor="end">${escape(label)}</text>`,
    `<rect x="${labelWidth}" y="${y}" width="${(median * scale).toFixed(1)}"`,
    `  height="${barHeight - 4}" class="${isOurs ? 'ours' : 'peer'}"/>`,
    `<line x1="${length(least)}" x2="${length(most)}" y1="${middle}" y2="${middle}"/>`,
    `<text x="${Number(length(most)) + 6}" y="${y + 12}">${median.toFixed(0)}</text>`,
  ].join('\n');
}

export function drawChart(title: string, subtitle: string, groups: BarGroup[]): string {
  const parts: string[] = [];
  let y = 56;
  for (const { title: heading, bars } of groups) {
    const most = Math.max(1, ...bars.flatMap((bar) => bar.values));
    parts.push(`<text x="0" y="${y + 14}" class="heading">${escape(heading)}</text>`);
    y += groupHeight - 12;
    for (const bar of bars) {
      parts.push(drawBar(bar, barWidth / most, y));
      y += barHeight;
    }
    y += 12;
  }
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}">
<style>
  text { font: 12px system-ui, sans-serif; fill: #333; }
  .title { font-size: 16px; font-weight: 600; }
  .heading { font-weight: 600; }
  .ours { fill: #c4552d; }
  .peer { fill: #9aa5b1; }
  line { stroke: #333; }
</style>
<rect width="100%" height="100%" fill="#fff"/>
<text x="0" y="18" class="title">${escape(title)}</text>
<text x="0" y="38">${escape(subtitle)}</text>
${parts.join('\n')}
</svg>
`;
}
