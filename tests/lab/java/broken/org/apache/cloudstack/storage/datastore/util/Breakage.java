// Copyright (c) 2026, StorPool CloudStack collection contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package org.apache.cloudstack.storage.datastore.util;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;

/** What a driver has that cannot be loaded, on any host or on one. */
public final class Breakage {
    private Breakage() {
    }

    /** Fails on the host of that name; an empty name is every host. */
    public static void strike(String where) {
        if (where.isEmpty() || where.equals(host())) {
            throw new IllegalStateException("this driver was made not to load" + (where.isEmpty() ? "" : " on " + where));
        }
    }

    private static String host() {
        String told = System.getProperty("lab.host");
        if (told != null) {
            return told;
        }
        try {
            return new String(Files.readAllBytes(Paths.get("/proc/sys/kernel/hostname")), StandardCharsets.UTF_8).trim();
        } catch (IOException problem) {
            throw new IllegalStateException(problem);
        }
    }
}
