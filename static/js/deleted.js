// The account is gone: so is what lies of it in this browser.

import { forgetAll } from "./storage.js";

forgetAll();
