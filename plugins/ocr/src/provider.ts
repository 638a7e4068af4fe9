/** OCR, a Prizm provider: Tesseract reads pictures. */

import { availableParallelism } from "node:os";

import {
  type Config,
  type Context,
  type Health,
  type Media,
  type Model,
  type Provider,
  ProviderError,
  type Request,
  type TransformResult,
} from "#prizm/plugin";

import { EngineFailure, type Page } from "./engine.js";
import { Engines } from "./engines.js";
import { whole } from "./files.js";
import { look } from "./formats/index.js";
import type { Picture } from "./formats/picture.js";
import { ENGLISH, type Language, languagesIn, missing, wrongData } from "./languages.js";
import { MOST_BYTES, modelOf } from "./models.js";
import { FORMATS, type Options, readOptions } from "./options.js";
import { confidenceOf, hocrOf, rowsOf, textOf, tsvOf, wordsOf } from "./page.js";
import { DEFAULTS, SCHEMA, type Settings, readSettings } from "./settings.js";

/** How many words are in the answer's `meta` at most. */
const MOST_WORDS = 2000;

/** The longest answer that is sent in a frame; a longer one is a file. */
const MOST_INLINE = 2 ** 20;

/** How much of a job it takes to start a thread, as people see it. */
const STARTING = 0.2;

export class OcrProvider implements Provider {
  readonly id = "ocr";
  readonly version = "0.1.0";
  readonly name = "OCR";
  readonly type = "local";
  readonly maxInFlight = Math.min(availableParallelism(), 4);
  readonly configSchema = SCHEMA;
  readonly dataPolicy = { retentionDays: 0, training: false };
  readonly #engines: Engines;
  #settings: Settings = DEFAULTS;
  #languages: ReadonlyMap<string, Language> = new Map([[ENGLISH.code, ENGLISH]]);
  /** What is wrong with the installation. */
  #broken: string | undefined;

  constructor(engines = new Engines()) {
    this.#engines = engines;
  }

  get models(): readonly Model[] {
    return [modelOf([...this.#languages.keys()], this.#settings)];
  }

  async configure(config: Config): Promise<void> {
    const settings = readSettings(config);
    const languages = await listed(settings);
    this.#settings = settings;
    this.#languages = languages;
  }

  async discoverModels(): Promise<readonly Model[]> {
    this.#languages = await listed(this.#settings);
    return this.models;
  }

  health(measured: Health): Health {
    return this.#broken === undefined ? measured : { ...measured, status: "unhealthy", lastError: this.#broken };
  }

  shutdown(): Promise<void> {
    return this.#engines.stop();
  }

  async transform(request: Request, context: Context): Promise<TransformResult> {
    const { maxPixels } = this.#settings;
    const options = readOptions(request, this.#languages);
    const picture = look(await fileOf(request, context), maxPixels);
    const page = await this.#read(picture, options, context);
    return answer(page, picture, options, context);
  }

  async #read(picture: Picture, options: Options, context: Context): Promise<Page> {
    const { width, height } = picture;
    const { languages } = options;
    const asked = { parameters: options.parameters, hocr: options.format === "hocr" };
    const reading = { picture: picture.bytes(), pixels: width * height, asked };
    context.progress(0, "starting");
    const watch = (status: string, fraction: number) => {
      if (status === "recognizing text") context.progress(STARTING + (1 - STARTING) * fraction, "reading");
    };
    try {
      const page = await this.#engines.read(languages, reading, context.signal, watch);
      this.#broken = undefined;
      return page;
    } catch (thrown) {
      const error = thrown instanceof EngineFailure ? explain(thrown, languages, picture) : thrown;
      if (isOfInstallation(thrown, error)) this.#broken = (error as Error).message;
      throw error;
    }
  }
}

/** Returns the languages that there are; what the user has comes before what is installed along. */
async function listed({ dataDir }: Settings): Promise<Map<string, Language>> {
  const own = dataDir === undefined ? [] : await languagesIn(dataDir);
  return new Map([[ENGLISH.code, ENGLISH], ...own]);
}

async function fileOf(request: Request, context: Context): Promise<Buffer> {
  const media = request.input();
  if (media.kind !== "image") throw new ProviderError("InvalidMedia", `the input is ${media.kind}; an image is needed`);
  const path = context.input(media);
  try {
    return await whole(path, MOST_BYTES);
  } catch (error) {
    const message = `the input ${JSON.stringify(media.path)} cannot be read: ${(error as Error).message}`;
    throw new ProviderError("InvalidMedia", message, { cause: error });
  }
}

/** Says what a thread's failure means. */
function explain(failure: EngineFailure, languages: readonly Language[], { format }: Picture): ProviderError {
  const { message, isReading } = failure;
  if (!isReading) {
    const own = languages.filter(({ isBundled }) => !isBundled).map(({ path }) => path);
    return own.length === 0 ? missing(`Tesseract does not start: ${message}`) : wrongData(own.join("`, `"), message);
  }
  if (message.includes("Error attempting to read image")) {
    const damage = `the ${format} cannot be decoded: it is cut short, damaged, or of a rare kind`;
    return new ProviderError("InvalidMedia", damage, { details: { format } });
  }
  // Most likely there was no memory; the same picture fails again.
  return new ProviderError("ResourceExhausted", `Tesseract broke down over the picture: ${message}`, { retryable: false });
}

function isOfInstallation(thrown: unknown, error: unknown): boolean {
  const isReading = thrown instanceof EngineFailure && thrown.isReading;
  return !isReading && error instanceof ProviderError && error.kind === "ResourceExhausted";
}

async function answer(
  page: Page,
  { width, height, warnings: told = [] }: Picture,
  { languages, format, minConfidence, joinLines }: Options,
  context: Context,
): Promise<TransformResult> {
  const rows = rowsOf(page.tsv, minConfidence);
  const words = wordsOf(rows);
  const isOwn = minConfidence === 0 && !joinLines;
  const forms = {
    text: () => (isOwn ? page.text.trimEnd() : textOf(rows, joinLines)),
    tsv: () => tsvOf(rows),
    hocr: () => hocrOf(page.hocr ?? "", page.version),
  };
  const output = await mediumOf(forms[format](), format, context);
  const confidence = confidenceOf(words);
  const warnings = [...told, ...(words.length === 0 ? ["no text was found"] : [])];
  const meta = {
    language: languages.map(({ code }) => code).join("+"),
    engine: `Tesseract ${page.version}`,
    width,
    height,
    ...(confidence !== undefined && { confidence }),
    wordCount: words.length,
    words: words.slice(0, MOST_WORDS),
    ...(warnings.length > 0 && { warnings }),
  };
  return { outputs: [output], meta };
}

async function mediumOf(text: string, format: Options["format"], context: Context): Promise<Media> {
  const mime = FORMATS[format];
  if (Buffer.byteLength(text) <= MOST_INLINE) return { kind: "text", mime, text };
  return context.outputFile("text", mime, `page.${format === "text" ? "txt" : format}`, text);
}
