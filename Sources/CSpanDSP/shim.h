// spandsp's headers do not include what they name: the order here is theirs.
#include <inttypes.h>
#include <stddef.h>

#include <spandsp/telephony.h>
#include <spandsp/super_tone_rx.h>
#include <spandsp/modem_connect_tones.h>
#include <spandsp/logging.h>
#include <spandsp/t30.h>
#include <spandsp/fax.h>
