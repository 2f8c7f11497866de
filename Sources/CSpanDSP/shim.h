// spandsp's headers name stdio's and libtiff's types without including them, and rely on their order here.
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <spandsp/telephony.h>

#include <spandsp/super_tone_rx.h>
#include <spandsp/tone_generate.h>
#include <spandsp/modem_connect_tones.h>
