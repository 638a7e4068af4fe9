/** Hands the process to the SDK. */

import { serve } from "#prizm/plugin";

import { OpenAiProvider } from "./provider.js";

serve(new OpenAiProvider());
