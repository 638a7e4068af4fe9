/** Hands the process to the SDK. */

import { serve } from "#prizm/plugin";

import { provider } from "./provider.js";

serve(provider);
