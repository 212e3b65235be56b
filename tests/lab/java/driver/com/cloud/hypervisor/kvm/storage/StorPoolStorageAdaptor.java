// Copyright (c) 2026, StorPool CloudStack collection contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package com.cloud.hypervisor.kvm.storage;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The agent's half of the driver: it attaches and detaches with StorPool's command line tool. */
public class StorPoolStorageAdaptor {
    private static final long SECONDS = 300;
    private static final Pattern ERROR = Pattern.compile("\"error\"\\s*:\\s*\\{[^}]*\"name\"\\s*:\\s*\"([^\"]*)\"");
    private static final String BY_ID = "/dev/storpool-byid/";
    private static final String BY_NAME = "/dev/storpool/";

    static {
        // BREAKAGE
    }

    /** Attaches the volume of a device; null, or the error. */
    public String connectPhysicalDisk(String path) {
        String volume = volumeOf(path);
        return volume == null ? "not a StorPool device: " + path : attach(volume);
    }

    /** Detaches the volume of a device; false if it is none of StorPool's, or if that failed. */
    public boolean disconnectPhysicalDiskByPath(String path) {
        String volume = volumeOf(path);
        if (volume == null) {
            return false;
        }
        String error = storpool("detach", "volume", volume, "here");
        if (error != null) {
            System.err.println("Unable to detach " + volume + ": " + error);
        }
        return error == null;
    }

    /** Attaches a volume, a name or ~id, to this host; null, or the error. */
    public static String attach(String volume) {
        return storpool("attach", "volume", volume, "here", "onRemoteAttached", "export");
    }

    /** What storpool_confget says of a key; null if it says nothing. */
    public static String configured(String key) {
        try {
            List<String> output = new ArrayList<>();
            if (run(output, "storpool_confget") != 0) {
                return null;
            }
            for (String line : output.get(0).split("\n")) {
                if (line.startsWith(key + "=")) {
                    return line.substring(key.length() + 1).trim();
                }
            }
        } catch (IOException problem) {
            System.err.println("Could not execute storpool_confget. Error: " + problem.getMessage());
        }
        return null;
    }

    private static String volumeOf(String path) {
        if (path.startsWith(BY_ID)) {
            return "~" + path.substring(BY_ID.length());
        }
        return path.startsWith(BY_NAME) ? path.substring(BY_NAME.length()) : null;
    }

    private static String storpool(String... arguments) {
        List<String> command = new ArrayList<>(Arrays.asList("storpool", "-M", "-j"));
        command.addAll(Arrays.asList(arguments));
        List<String> output = new ArrayList<>();
        try {
            int status = run(output, command.toArray(new String[0]));
            Matcher error = ERROR.matcher(output.get(0));
            if (error.find()) {
                return error.group(1);
            }
            return status == 0 ? null : output.get(0).trim() + " (exit status " + status + ")";
        } catch (IOException problem) {
            return problem.getMessage();
        }
    }

    /** The exit status; the output, errors included, is added to the list. It has some minutes. */
    private static int run(List<String> output, String... command) throws IOException {
        File file = File.createTempFile("storpool", ".out");
        try {
            Process process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(file).start();
            process.getOutputStream().close();
            if (!process.waitFor(SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException("timeout");
            }
            output.add(new String(Files.readAllBytes(file.toPath()), StandardCharsets.UTF_8));
            return process.exitValue();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted");
        } finally {
            Files.deleteIfExists(file.toPath());
        }
    }
}
