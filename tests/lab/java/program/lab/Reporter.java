// Copyright (c) 2026, StorPool CloudStack collection contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package lab;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;

/** Tells the simulator about this process, and that it ends. */
public final class Reporter {
    private static final int CONNECT_MILLISECONDS = 2000;
    private static final int READ_MILLISECONDS = 5000;
    private static final int GOODBYE_MILLISECONDS = 1000;
    private static final int OK = 200;

    private final URI path;
    private final Map<String, Object> identity = new LinkedHashMap<>();
    private volatile String trouble;

    /** Reports go to the simulator's path of that name. */
    public Reporter(URI simulator, String path, String name) {
        this.path = simulator.resolve("_sim/" + path);
        identity.put("name", name);
        identity.put("boot", UUID.randomUUID().toString());
    }

    /** When the process is told to end, it says goodbye. */
    public void sayGoodbyeAtTheEnd() {
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            try {
                send(Collections.singletonMap("goodbye", true), GOODBYE_MILLISECONDS, GOODBYE_MILLISECONDS);
            } catch (IOException | IllegalArgumentException problem) {
                System.err.println("The simulator does not hear that this process ends: " + problem);
            }
        }));
    }

    /** The simulator's answer; null if there was none. The log has each new trouble once. */
    public Map<?, ?> report(Map<String, ?> members) {
        String problem;
        try {
            Map<?, ?> answer = send(members, CONNECT_MILLISECONDS, READ_MILLISECONDS);
            if (trouble != null) {
                System.err.println("The simulator answers again");
            }
            trouble = null;
            return answer;
        } catch (IOException | IllegalArgumentException failure) {
            problem = failure.toString();
        }
        if (!problem.equals(trouble)) {
            System.err.println("The report to " + path + " failed: " + problem);
        }
        trouble = problem;
        return null;
    }

    private Map<?, ?> send(Map<String, ?> members, int connectTime, int readTime) throws IOException {
        Map<String, Object> body = new LinkedHashMap<>(identity);
        body.putAll(members);
        Http answer = Http.request(
                "POST",
                path.toURL(),
                Collections.singletonMap("Content-Type", "application/json"),
                Json.write(body).getBytes(StandardCharsets.UTF_8),
                connectTime,
                readTime);
        String text = new String(answer.body, StandardCharsets.UTF_8);
        if (answer.status != OK) {
            throw new IOException("HTTP " + answer.status + ": " + text);
        }
        return (Map<?, ?>) Json.read(text);
    }

    /** This host's address on the way to the simulator; null if there is no way. */
    public String address() {
        try (DatagramSocket socket = new DatagramSocket()) {
            socket.connect(InetAddress.getByName(path.getHost()), path.getPort() < 0 ? 80 : path.getPort());
            return socket.getLocalAddress().getHostAddress();
        } catch (IOException | RuntimeException problem) {
            return null;
        }
    }
}
