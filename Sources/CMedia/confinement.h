// Shared by the files of this target.
#ifndef BELAY_CMEDIA_CONFINEMENT_H
#define BELAY_CMEDIA_CONFINEMENT_H

#include "CMedia.h"

/// Confines the calling process, which is about to become another program. Nothing but calls of the system: it may run
/// in a child that shares its parent's memory. The layers that hold.
int cmedia_confine(const cmedia_confinement *confinement);

#endif
