/**
 * The SDK for authors of Prizm providers in TypeScript: describe a provider, call {@link serve}.
 *
 * It reads requests, checks them before the author's code sees them, runs jobs at the same time, and
 * answers each exactly once, come exceptions, cancellations, deadlines or a host that is gone.
 */

export type { Context, Startup } from "./context.js";
export { type ErrorHints, type ErrorKind, type ErrorName, ProviderError } from "./error.js";
export type { Progress } from "./job.js";
export { type LogFields, type Logger, log } from "./log.js";
export type { Awaitable, EstimateContext, JsonSchema, Model, Provider, Transformed } from "./provider.js";
export type { Config, EstimateRequest, Kinds, OptionReader, Request, Services } from "./request.js";
export { serve } from "./serve.js";
export { serveStreams } from "./session.js";
export type { DataPolicy, Estimate, Health, Location, Resume, Service, TransformResult, Usage } from "./wire/methods.js";
export { text } from "./wire/model.js";
export type { Capability, InputSlot, Media, MediaFacts, MediaKind, Price, StandardCapability } from "./wire/model.js";
export type { Charged, LogLevel } from "./wire/notices.js";
export type { JsonObject } from "./wire/read.js";
