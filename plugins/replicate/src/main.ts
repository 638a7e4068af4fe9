/** Hands the process to the SDK. */

import { serve } from "#prizm/plugin";

import { ReplicateProvider } from "./provider.js";

serve(new ReplicateProvider());
