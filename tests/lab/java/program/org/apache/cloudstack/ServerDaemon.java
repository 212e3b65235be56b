// Copyright (c) 2026, StorPool CloudStack collection contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

package org.apache.cloudstack;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Executors;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import lab.ClassPath;
import lab.Http;
import lab.Plugin;
import lab.Reporter;
import lab.Settings;
import lab.StartFailure;

/**
 * Stands in for CloudStack's management server.
 *
 * It starts if every jar of its class path is sound, and loads the StorPool provider if there is one. It answers as the
 * web application does, and hands calls of the API on to the simulator of CloudStack, to which it reports. With a
 * provider that cannot be loaded, the process stays, and answers 503 to everything.
 */
public final class ServerDaemon {
    private static final String PROVIDER = "org.apache.cloudstack.storage.datastore.provider.";
    private static final String FORWARDED_BY = "X-Forwarded-By";
    private static final String PAGE = "<!DOCTYPE html><title>Apache CloudStack</title>";
    private static final int CONNECT_MILLISECONDS = 5000;
    private static final int ANSWER_MILLISECONDS = 900_000;
    private static final long REPORT_MILLISECONDS = 1000;
    private static final int MOVED = 301;
    private static final int NOT_FOUND = 404;
    private static final int UNAVAILABLE = 503;

    private final URI simulator;
    private final String name;
    private final String broken;
    private final Map<String, Object> facts = new LinkedHashMap<>();

    private ServerDaemon(Settings settings) throws StartFailure {
        simulator = settings.simulator();
        name = settings.name();
        System.setProperty("lab.host", name);
        facts.put("version", ClassPath.version(ServerDaemon.class));
        broken = load();
        if (broken != null) {
            System.err.println("Error starting the module storage-volume-storpool: " + broken);
        }
    }

    public static void main(String[] arguments) throws InterruptedException {
        ServerDaemon server;
        try {
            ClassPath.check();
            Settings settings = new Settings("server.properties");
            server = new ServerDaemon(settings);
            server.listen(settings.get("http.port", "8080"));
        } catch (StartFailure failure) {
            System.err.println("Unable to start management server: " + failure.getMessage());
            System.exit(1);
            return;
        }
        if (server.broken == null) {
            server.report();
        }
    }

    /** Loads the driver: null, or why it cannot be loaded. */
    private String load() {
        try {
            Plugin provider = Plugin.find(
                    "DataStoreProvider",
                    PROVIDER + "StorPoolPrimaryDataStoreProvider",
                    PROVIDER + "StorpoolPrimaryDataStoreProvider");
            if (provider != null) {
                Object made = provider.make();
                Object provides = provider.type.getMethod("getName").invoke(made);
                System.err.println("Registered the storage provider " + provides + " of " + provider.jar);
            }
            facts.put("provider_loaded", provider != null);
            facts.put("driver_jar", provider == null ? null : provider.jar);
            facts.put("driver_version", provider == null ? null : provider.version);
            return null;
        } catch (StartFailure failure) {
            return failure.getMessage();
        } catch (InvocationTargetException failure) {
            return failure.getCause().toString();
        } catch (ReflectiveOperationException failure) {
            return failure.toString();
        }
    }

    private void listen(String port) throws StartFailure {
        try {
            HttpServer server = HttpServer.create(new InetSocketAddress(Integer.parseInt(port)), 0);
            server.setExecutor(Executors.newCachedThreadPool());
            server.createContext("/", this::answer);
            server.start();
        } catch (IOException | IllegalArgumentException problem) {
            throw new StartFailure("cannot listen on port " + port, problem);
        }
    }

    private void report() throws InterruptedException {
        Reporter reporter = new Reporter(simulator, "managementservers", name);
        facts.put("address", reporter.address());
        System.err.println("Management server started: " + facts);
        reporter.sayGoodbyeAtTheEnd();
        while (true) {
            Map<?, ?> answer = reporter.report(facts);
            if (answer != null && Boolean.TRUE.equals(answer.get("exit"))) {
                System.err.println("This management server was shut down through the API");
                System.exit(0);
            }
            Thread.sleep(REPORT_MILLISECONDS);
        }
    }

    private void answer(HttpExchange exchange) throws IOException {
        try {
            String path = exchange.getRequestURI().getPath();
            if (broken != null) {
                send(exchange, UNAVAILABLE, "<h2>HTTP ERROR 503 Service Unavailable</h2>");
            } else if ("/client/api".equals(path)) {
                forward(exchange);
            } else if ("/client".equals(path) || "/client/".equals(path)) {
                send(exchange, 200, PAGE);
            } else if ("/".equals(path)) {
                exchange.getResponseHeaders().set("Location", "/client");
                send(exchange, MOVED, "");
            } else {
                send(exchange, NOT_FOUND, "<h2>HTTP ERROR 404 Not Found</h2>");
            }
        } finally {
            exchange.close();
        }
    }

    private static void send(HttpExchange exchange, int status, String text) throws IOException {
        exchange.getResponseHeaders().set("Content-Type", "text/html");
        send(exchange, status, text.getBytes(StandardCharsets.UTF_8));
    }

    private static void send(HttpExchange exchange, int status, byte[] body) throws IOException {
        boolean empty = body.length == 0 || "HEAD".equals(exchange.getRequestMethod());
        exchange.sendResponseHeaders(status, empty ? -1 : body.length);
        if (!empty) {
            exchange.getResponseBody().write(body);
        }
    }

    /** A connection that the simulator breaks is broken here, too. */
    private void forward(HttpExchange exchange) throws IOException {
        String method = exchange.getRequestMethod();
        Map<String, String> headers = new LinkedHashMap<>();
        headers.put(FORWARDED_BY, name);
        String type = exchange.getRequestHeaders().getFirst("Content-Type");
        if (type != null) {
            headers.put("Content-Type", type);
        }
        byte[] body = "POST".equals(method) ? Http.read(exchange.getRequestBody()) : null;
        String target = exchange.getRequestURI().toString().substring(1);
        Http answer = Http.request(
                method, simulator.resolve(target).toURL(), headers, body, CONNECT_MILLISECONDS, ANSWER_MILLISECONDS);
        for (String header : new String[] {"Content-Type", "X-Description"}) {
            if (answer.header(header) != null) {
                exchange.getResponseHeaders().set(header, answer.header(header));
            }
        }
        send(exchange, answer.status, answer.body);
    }
}
