/** Hands the process to the SDK. */

import { serve } from "#prizm/plugin";

import { OcrProvider } from "./provider.js";

serve(new OcrProvider());
