/** What was read: words with their places, of Tesseract's table. */

/** A word, how sure it is in percent, and where it is in pixels of the picture. */
export interface Word {
  readonly text: string;
  readonly confidence: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** A row of the table: a word, or what words are in. */
interface Row {
  readonly line: string;
  /** By which paragraph, and by which line, its word is. */
  readonly paragraph: string;
  readonly row: string;
  readonly word: Word | undefined;
}

/** The level of a row that is a word. */
const WORD = "5";

/** Reads the table, and leaves out the words that are not sure enough. */
export function rowsOf(tsv: string, minConfidence: number): Row[] {
  const rows: Row[] = [];
  for (const line of tsv.split("\n")) {
    const [level, page, block, paragraph, nth, , x, y, width, height, sure, ...text] = line.split("\t");
    if (height === undefined) continue;
    const word = {
      text: text.join("\t"),
      confidence: Math.round(Number(sure) * 10) / 10,
      x: Number(x),
      y: Number(y),
      width: Number(width),
      height: Number(height),
    };
    const isWord = level === WORD;
    if (isWord && Number(sure) < minConfidence) continue;
    const of = `${page}.${block}.${paragraph}`;
    rows.push({ line, paragraph: of, row: `${of}.${nth}`, word: isWord ? word : undefined });
  }
  return rows;
}

/** Returns how many pixels were read: the table's first row is the page. */
export function pixelsOf(tsv: string): number {
  const [, , , , , , , , width, height] = (tsv.split("\n", 1)[0] ?? "").split("\t");
  return Number(width ?? 0) * Number(height ?? 0);
}

/** Returns the words. */
export function wordsOf(rows: readonly Row[]): Word[] {
  return rows.flatMap(({ word }) => (word === undefined || word.text.trim() === "" ? [] : [word]));
}

/** Puts words together: lines of them, and an empty line between paragraphs. */
export function textOf(rows: readonly Row[], joinLines: boolean): string {
  let text = "";
  let before: Row | undefined;
  for (const row of rows) {
    if (row.word === undefined || row.word.text.trim() === "") continue;
    if (before !== undefined) text += between(before, row, joinLines);
    text += row.word.text;
    before = row;
  }
  return text;
}

function between(before: Row, after: Row, joinLines: boolean): string {
  if (before.paragraph !== after.paragraph) return joinLines ? "\n" : "\n\n";
  return before.row === after.row || joinLines ? " " : "\n";
}

/** Returns the table again, with the names of its columns. */
export function tsvOf(rows: readonly Row[]): string {
  return `${[COLUMNS.join("\t"), ...rows.map(({ line }) => line)].join("\n")}\n`;
}

const COLUMNS = [
  "level",
  "page_num",
  "block_num",
  "par_num",
  "line_num",
  "word_num",
  "left",
  "top",
  "width",
  "height",
  "conf",
  "text",
];

/** Makes a document of what Tesseract says of a page. */
export function hocrOf(page: string, version: string): string {
  return `<!DOCTYPE html>
<html>
<head>
<meta charset="utf-8" />
<title></title>
<meta name="ocr-system" content="tesseract ${version}" />
<meta name="ocr-capabilities" content="ocr_page ocr_carea ocr_par ocr_line ocrx_word" />
</head>
<body>
${page.trimEnd()}
</body>
</html>
`;
}

/** Returns how sure all words are; none where there is no word. */
export function confidenceOf(words: readonly Word[]): number | undefined {
  if (words.length === 0) return undefined;
  const sum = words.reduce((total, { confidence }) => total + confidence, 0);
  return Math.round((sum / words.length) * 10) / 10;
}
