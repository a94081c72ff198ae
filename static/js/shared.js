// A conversation that somebody shares: its code gets colours, its formulas are drawn.

import { enhance } from "./markdown/enhance.js";

document.querySelectorAll(".markdown").forEach(enhance);
