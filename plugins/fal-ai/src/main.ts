/** Hands the process to the SDK. */

import { serve } from "#prizm/plugin";

import { FalProvider } from "./provider.js";

serve(new FalProvider());
